"""Personal data: what is held, until when; the nightly job, erasure, and a copy for whom it is about."""
