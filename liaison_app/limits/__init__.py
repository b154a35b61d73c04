"""How often somebody may do something: counted in the database, so that all web processes count together."""
