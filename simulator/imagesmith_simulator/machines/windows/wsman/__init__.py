"""WS-Management as Windows speaks it: HTTP front, logins, SOAP, remote shells."""
