"""The ansible provisioners against real SSH servers, with real ansible or a program that notes how it is called."""
