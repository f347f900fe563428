/// What threads are built from and the system has not given.
public struct SystemError: Error, Equatable, Sendable {
    /// What was asked for.
    public enum Resource: Sendable { case lock, event, thread }

    /// What was asked for.
    public var resource: Resource
    /// The reason: an errno value.
    public var code: Int32

    init(_ resource: Resource, _ code: Int32) { (self.resource, self.code) = (resource, code) }
}
