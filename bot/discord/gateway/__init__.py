"""What the connection to Discord needs: client, token, permissions, locks, error codes."""
