"""The built-in post-processors, and what runs them; see `imagesmith.plugin` for their names in templates."""
