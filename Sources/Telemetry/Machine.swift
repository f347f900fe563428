/// What the board tells of itself under /sys. Files that a board does not have are skipped. One thread owns it.
public struct Machine: ~Copyable {
    /// Processors change their clock together in groups, which Linux numbers by their first processor.
    public static var maximumPolicies: Int { 64 }

    private let directory: Int32

    /// - Parameter root: where sysfs is mounted.
    public init(root: StaticString = "/sys") {
        self.init(root: cString(root))
    }

    /// The same for a path that is made when the program runs.
    public init(root: UnsafePointer<CChar>) {
        var descriptor: Int32 = -1
        _ = clinux_open_read(clinux_working_directory, root, &descriptor)
        directory = descriptor
    }

    deinit { if directory >= 0 { _ = clinux_close(directory) } }

    /// The clock in Hz of the group that begins with this processor; nil where there is no such group.
    public func frequency(policy: Int) -> UInt64? {
        number(Self.path(policy, "/scaling_cur_freq")).map { $0 * 1000 }
    }

    /// The clock in Hz that the system lets a group have at most.
    public func clockLimit(policy: Int) -> UInt64? {
        number(Self.path(policy, "/scaling_max_freq")).map { $0 * 1000 }
    }

    /// What chooses a group's clock, such as "ondemand"; empty where there is no such group. Allocates.
    public func governor(policy: Int) -> [UInt8] {
        var text = InlineArray<32, UInt8>(repeating: 0)
        var name: [UInt8] = []
        for index in 0..<read(Self.path(policy, "/scaling_governor"), &text) where text[index] > 0x20 { name.append(text[index]) }
        return name
    }

    private static func path(_ policy: Int, _ file: StaticString) -> InlinePath {
        var path = InlinePath("devices/system/cpu/cpufreq/policy")
        path.append(policy)
        path.append(file)
        return path
    }

    /// The temperature of the first sensor in thousandths of a degree Celsius.
    public var temperature: UInt64? { number(InlinePath("class/thermal/thermal_zone0/temp")) }

    /// What a Raspberry Pi's firmware says of its power and heat: bit 0 is low voltage, 1 a capped clock, 2 throttling,
    /// 3 the soft limit of temperature, all at the moment; the same 16 bits higher since the board was started.
    public var throttled: UInt64? {
        number(InlinePath("devices/platform/soc/soc:firmware/get_throttled"), radix: 16)
    }

    private func number(_ path: InlinePath, radix: UInt64 = 10) -> UInt64? {
        var text = InlineArray<32, UInt8>(repeating: 0)
        let got = read(path, &text)
        var value: UInt64 = 0
        var digits = 0
        for index in 0..<got {
            // "0x" before a hexadecimal number.
            if text[index] == UInt8(ascii: "x"), radix == 16, value == 0 { continue }
            guard let digit = text[index].hexadecimalDigit, digit < radix else {
                return digits > 0 && text[index] == 0x0A ? value : nil
            }
            digits += 1
            // More than any clock or temperature has.
            guard digits <= 16 else { return nil }
            value = value * radix + UInt64(digit)
        }
        return digits > 0 ? value : nil
    }
}

extension Machine {
    /// The first bytes of a file, and how many there are; 0 where it cannot be read.
    private func read(_ path: InlinePath, _ text: inout InlineArray<32, UInt8>) -> Int {
        guard directory >= 0 else { return 0 }
        var descriptor: Int32 = -1
        guard path.withCString({ clinux_open_read(directory, $0, &descriptor) }) == 0 else { return 0 }
        defer { _ = clinux_close(descriptor) }
        var got = 0
        let error = withUnsafeMutableBytes(of: &text) { clinux_read(descriptor, $0.baseAddress!, $0.count, &got) }
        return error == 0 ? got : 0
    }
}

/// A short path without allocation.
private struct InlinePath {
    private var bytes = InlineArray<96, CChar>(repeating: 0)
    private var count = 0

    init(_ text: StaticString) { append(text) }

    mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
    }

    mutating func append(_ number: Int) {
        if number >= 10 { append(number / 10) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private mutating func append(_ byte: UInt8) {
        precondition(count < bytes.count - 1)
        bytes[count] = CChar(bitPattern: byte)
        count += 1
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafePointer(to: bytes) { body(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }
}
