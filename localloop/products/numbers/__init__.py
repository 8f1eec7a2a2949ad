"""Phone numbers: what is for sale, what is owned, and the resources that numbers depend on."""
