"""MongoDB's Django engine, whose lists are asked so that an index gives them in their order."""
