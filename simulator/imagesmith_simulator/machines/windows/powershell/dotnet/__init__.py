"""The .NET classes that scripts use, by their names."""
