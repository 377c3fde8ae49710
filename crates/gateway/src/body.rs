//! Bodies of requests: from the connection's frames to the bytes of an object, checked on the way.
