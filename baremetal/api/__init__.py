"""The REST API: routes, types, controllers. It writes intents and reads the database."""
