"""The page's server side: routes, and answers about nodes before they run. Uses all of nodes/; nothing uses it."""
