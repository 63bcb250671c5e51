"""The built-in provisioners, and what runs them; see `imagesmith.plugin` for their names in templates."""
