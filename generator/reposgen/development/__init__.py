"""The development database, and the migrations of whatever database there is."""
