"""The sandbox of FCM and APNs, and of the telephones that the app is installed on."""
