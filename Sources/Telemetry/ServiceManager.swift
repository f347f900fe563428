/// systemd as the service sees it: the notifications of sd_notify(3). Without a manager nothing happens.
public struct ServiceManager: Sendable {
    /// Nanoseconds within which `feedWatchdog` must be called; nil without a watchdog.
    public let watchdogPeriod: UInt64?

    /// Reads from the environment whether there is a manager, and whether it watches this process.
    public init() {
        let period = clinux_watchdog_ns()
        watchdogPeriod = period > 0 ? period : nil
    }

    /// The service does what it is there for.
    public func ready(status: String) { send("READY=1\nSTATUS=\(printable(status))\n") }
    /// One line for `systemctl status`.
    public func status(_ status: String) { send("STATUS=\(printable(status))\n") }
    /// The service lives: see `watchdogPeriod`.
    public func feedWatchdog() { send("WATCHDOG=1\n") }
    /// The service is about to end.
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
