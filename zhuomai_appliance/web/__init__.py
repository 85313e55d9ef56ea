"""Pages and API over Klein; every change goes through a flow."""
