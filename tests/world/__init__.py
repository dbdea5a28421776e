"""The main job on the servers of deployments."""
