import CLinux

/// systemd as the service sees it: the notifications of sd_notify(3). Without a manager nothing happens.
public struct ServiceManager: Sendable {
    /// Nanoseconds within which `feedWatchdog` must be called; nil where nobody watches.
    public let watchdogPeriod: UInt64?

    public init() {
        let period = clinux_watchdog_ns()
        watchdogPeriod = period > 0 ? period : nil
    }

    /// The service does what it is there for.
    public func ready(status: String) { send("READY=1\nSTATUS=\(printable(status))\n") }
    public func status(_ status: String) { send("STATUS=\(printable(status))\n") }
    public func feedWatchdog() { send("WATCHDOG=1\n") }
    public func stopping() { send("STOPPING=1\n") }
    /// A reload begins; `ready` ends it.
    public func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(clinux_monotonic_ns() / 1000)\n") }

    private func send(_ text: String) {
        var text = text
        // A manager that does not take it cannot be told so.
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { _ = clinux_notify($0.baseAddress!, $0.count) }
        }
    }
}
