/// Counts images of one fate and logs few of them: a camera that sends nothing but garbage must not fill a disk.
struct ImageLog {
    private(set) var count: UInt64 = 0
    private let log: Log
    private let fate: StaticString
    private let isLive: Bool
    /// Of files, all are logged up to here, then those whose number is a power of two.
    private static var loggedAtFirst: UInt64 { 16 }
    /// Of a camera, the first is logged, and then a sum at most so often, in nanoseconds.
    private static var pause: UInt64 { 60_000_000_000 }
    private var nextLine: UInt64 = 0
    private var countAtLastLine: UInt64 = 0

    /// `fate` continues after "image NAME". `isLive`: images are a camera's frames.
    init(_ log: Log, _ fate: StaticString, isLive: Bool) {
        self.log = log
        self.fate = fate
        self.isLive = isLive
    }

    /// `now` is CLOCK_MONOTONIC's; `reason` continues after "it".
    mutating func add(_ name: FrameName, at now: UInt64, _ reason: @autoclosure () -> String) {
        count += 1
        if isLive {
            addFrame(name, now, reason)
            return
        }
        guard count <= Self.loggedAtFirst || count & (count - 1) == 0 else { return }
        let more = count < Self.loggedAtFirst ? "" : " (number \(count); further ones are rarely logged)"
        log.warning("image \(Self.text(name)) \(fate): it \(reason())\(more)")
    }

    private mutating func addFrame(_ name: FrameName, _ now: UInt64, _ reason: () -> String) {
        guard now >= nextLine else { return }
        let new = count - countAtLastLine
        let more = new > 1 ? ", the last of \(new) since the last such line" : ""
        log.warning("frame \(Self.text(name)) \(fate): it \(reason())\(more); next report in a minute")
        nextLine = now + Self.pause
        countAtLastLine = count
    }

    private static func text(_ name: FrameName) -> String {
        switch name {
        case .file(let bytes): Service.text(bytes)
        case .index(let index): "\(index)"
        }
    }
}
