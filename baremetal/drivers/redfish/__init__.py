"""What the Redfish drivers share."""
