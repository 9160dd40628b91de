"""What is proved about a published choice: it looked at no future, it replays, its fills hold."""
