"""代表·局长面对面: meetings of deputies, bureau heads and citizens at liaison stations.

Importing a rule must not import Flask, so nothing is imported here.
"""
