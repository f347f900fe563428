import Camera
import Service

/// Counts pictures of one fate and logs the first ones, then ever fewer: a camera that sends nothing but garbage must
/// not fill a disk.
struct PictureLog {
    private(set) var count: UInt64 = 0
    private let log: Log
    private let fate: StaticString
    /// All are logged up to here, then those whose number is a power of two.
    private static var loggedAtFirst: UInt64 { 16 }

    /// `fate` goes on after "picture NAME".
    init(_ log: Log, _ fate: StaticString) {
        self.log = log
        self.fate = fate
    }

    /// `reason` goes on after "it".
    mutating func add(_ name: FrameName, _ reason: @autoclosure () -> String) {
        count += 1
        guard count <= Self.loggedAtFirst || count & (count - 1) == 0 else { return }
        let more = count < Self.loggedAtFirst ? "" : " (number \(count); from here on few are logged)"
        log.warning("picture \(Self.text(name)) \(fate): it \(reason())\(more)")
    }

    private static func text(_ name: FrameName) -> String {
        switch name {
        case .file(let bytes): Service.text(bytes)
        case .index(let index): "\(index)"
        }
    }
}
