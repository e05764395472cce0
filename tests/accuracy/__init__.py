"""How right the product is, measured on real mail against judges that know nothing of it."""
