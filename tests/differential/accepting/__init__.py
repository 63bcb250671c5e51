"""Templates, good and bad, as compact data: what Packer accepts of them is what we accept."""
