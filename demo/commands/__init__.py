"""The commands of the demo."""

HELP = {
    "demo": "Start everything on this machine: sandboxes, store with demo people, gateway, worker.",
    "seed": "Migrate the store, load catalogue and geography, and seed the demo once.",
    "token": "Sign in the real way against the running sandboxes and print the session token.",
}
