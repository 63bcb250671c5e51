"""What every cloud's calls have in common: endpoints, sessions, pace, retries, and errors by their codes.

A provider's ``sdk.py`` makes the requests with the cloud's own SDK; everything around them is here, once.
"""
