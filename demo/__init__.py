"""The demo: the main job on a real cluster, shown step by step. Uses what a person would: make, kubectl, curl, bagit.py."""
