"""The rules of the cloud: what a call does to what exists. They know no HTTP and no wire format."""
