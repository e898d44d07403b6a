"""Commands of `apuni` for those who run the gateway, one module for each group."""
