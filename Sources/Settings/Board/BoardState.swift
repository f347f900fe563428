/// What the machine that this runs on tells of itself at the moment. What it does not tell is nil or empty.
public struct BoardState {
    /// The part numbers of the processors that are online, each once.
    var parts: [UInt64] = []
    /// Processors that are online; 0 where the system does not tell.
    var coreCount = 0
    /// /proc/device-tree/model.
    public private(set) var deviceTree: [UInt8] = []
    var governor: [UInt8] = []
    /// In Hz, of the group of processors that may run fastest.
    var clockLimit: UInt64?
    var clock: UInt64?
    /// Thousandths of a degree Celsius.
    var temperature: UInt64?
    var throttled: UInt64?

    /// Bytes that are read of a file; /proc/cpuinfo has less than 2 KiB for each processor.
    private static var fileLimit: Int { 256 << 10 }

    /// Reads the clock too: to see that of a computing processor, compute just before.
    /// - Parameters:
    ///   - proc: where procfs is mounted.
    ///   - sys: where sysfs is mounted.
    public init(proc: UnsafePointer<CChar>, sys: UnsafePointer<CChar>) {
        let machine = Machine(root: sys)
        for policy in 0..<Machine.maximumPolicies {
            guard let limit = machine.clockLimit(policy: policy), limit > clockLimit ?? 0 else { continue }
            clockLimit = limit
            clock = machine.frequency(policy: policy)
            governor = machine.governor(policy: policy)
        }
        temperature = machine.temperature
        throttled = machine.throttled
        deviceTree = Self.read("device-tree/model", below: proc)
        while deviceTree.last == 0 || deviceTree.last == 0x0A { deviceTree.removeLast() }
        readProcessors(Self.read("cpuinfo", below: proc))
    }

    /// This machine.
    public init() {
        self.init(proc: cString("/proc"), sys: cString("/sys"))
    }

    /// Lines like "CPU part	: 0xd03".
    private mutating func readProcessors(_ text: [UInt8]) {
        for line in text.split(separator: 0x0A) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            var key = line[..<colon]
            while let last = key.last, last == 0x20 || last == 0x09 { key.removeLast() }
            if key.elementsEqual(bytes("processor")) { coreCount += 1 }
            guard key.elementsEqual(bytes("CPU part")), let part = Self.hexadecimal(line[(colon + 1)...]),
                !parts.contains(part)
            else { continue }
            parts.append(part)
        }
    }

    /// " 0x" and up to four digits.
    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> UInt64? {
        let prefix = bytes(" 0x")
        guard text.starts(with: prefix), (4...7).contains(text.count) else { return nil }
        var value: UInt64 = 0
        for byte in text.dropFirst(prefix.count) {
            guard let digit = byte.hexadecimalDigit else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    /// A file's bytes, empty where it cannot be read.
    private static func read(_ name: StaticString, below root: UnsafePointer<CChar>) -> [UInt8] {
        var directory: Int32 = -1
        guard clinux_open_read(clinux_working_directory, root, &directory) == 0 else { return [] }
        defer { _ = clinux_close(directory) }
        var descriptor: Int32 = -1
        guard clinux_open_read(directory, cString(name), &descriptor) == 0 else { return [] }
        defer { _ = clinux_close(descriptor) }
        var all: [UInt8] = []
        while all.count < fileLimit {
            var part = [UInt8](repeating: 0, count: 4096)
            var got = 0
            let error = part.withUnsafeMutableBytes { clinux_read(descriptor, $0.baseAddress!, $0.count, &got) }
            guard error == 0 else { return [] }
            if got == 0 { break }
            all += part[..<got]
        }
        return all
    }
}
