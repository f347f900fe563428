extension SystemError {
    /// What the system has not given and why.
    public var message: String {
        let what: StaticString =
            switch resource {
            case .lock: "make a lock"
            case .event: "make an event"
            case .thread: "start a thread"
            }
        return "cannot \(what): \(errorText(code))"
    }
}
