def GenericAlias(origin, arguments):
    return origin
