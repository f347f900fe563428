import Synchronization

/// Hands the latest of some values from one thread to another. Neither ever waits; a value that is not taken is
/// replaced by the next one.
///
/// `@unchecked Sendable`: a value belongs to the thread that put it until another takes it.
public final class Mailbox<Value>: @unchecked Sendable {
    private final class Box {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let box = Atomic<UnsafeRawPointer?>(nil)

    /// Empty.
    public init() {}

    deinit { _ = take() }

    /// For any thread. Allocates room for the value, and frees one that is not taken.
    public func put(_ value: Value) {
        let new = UnsafeRawPointer(Unmanaged.passRetained(Box(value)).toOpaque())
        release(box.exchange(new, ordering: .acquiringAndReleasing))
    }

    /// The value that was put last, if there is one that has not been taken. Looking allocates nothing.
    public func take() -> Value? {
        guard box.load(ordering: .relaxed) != nil,
            let taken = box.exchange(nil, ordering: .acquiringAndReleasing)
        else { return nil }
        return Unmanaged<Box>.fromOpaque(taken).takeRetainedValue().value
    }

    private func release(_ old: UnsafeRawPointer?) {
        if let old { Unmanaged<Box>.fromOpaque(old).release() }
    }
}
