"""The sample application of ``relocate demo``: an error tracker with three servers, four organizations and some 100,000 rows."""
