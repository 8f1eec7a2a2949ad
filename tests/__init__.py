"""The tests of localloop; the folders say what is real in them."""
