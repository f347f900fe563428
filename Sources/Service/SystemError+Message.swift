extension SystemError {
    /// What failed and why.
    public var message: String {
        let what: StaticString =
            switch resource {
            case .lock: "create a lock"
            case .event: "create an event"
            case .thread: "start a thread"
            }
        return "cannot \(what): \(errorText(code))"
    }
}
