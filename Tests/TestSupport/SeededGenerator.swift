import DeviceChecks

/// SplitMix64: the same seed gives the same sequence everywhere, on the board too.
public typealias SeededGenerator = DeviceChecks.SeededGenerator
