"""What schedules are made with: clocks, levels in other units, lists of sigmas, the search for fitted ones."""
