/// ARM's cores that boards are known to have, by the part number that they tell of themselves.
///
/// A raw value is the primary part number of MIDR, implementer 0x41.
public enum ProcessorCore: UInt64, CaseIterable, Sendable {
    case cortexA7 = 0xC07
    case cortexA35 = 0xD04
    case cortexA53 = 0xD03
    case cortexA55 = 0xD05
    case cortexA72 = 0xD08
    case cortexA73 = 0xD09
    case cortexA76 = 0xD0B

    /// As QEMU and board files call it.
    public var name: StaticString {
        switch self {
        case .cortexA7: "cortex-a7"
        case .cortexA35: "cortex-a35"
        case .cortexA53: "cortex-a53"
        case .cortexA55: "cortex-a55"
        case .cortexA72: "cortex-a72"
        case .cortexA73: "cortex-a73"
        case .cortexA76: "cortex-a76"
        }
    }
}
