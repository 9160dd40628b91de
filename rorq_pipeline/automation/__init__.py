"""What starts runs by itself: the sensor on new cache data and the evening schedule."""
