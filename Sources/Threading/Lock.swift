import CLinux

/// A pthread mutex. `@unchecked Sendable`: the mutex is made to be shared, and its storage never moves.
public final class Lock: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<clinux_mutex>

    /// Throws where the system has no memory for a mutex.
    public init() throws(SystemError) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: clinux_mutex())
        let error = clinux_mutex_create(mutex)
        guard error == 0 else {
            mutex.deallocate()
            throw SystemError(.lock, error)
        }
    }

    deinit {
        clinux_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` while no other thread does so. Not to be called again from inside `body`.
    public func locked<Result>(_ body: () -> Result) -> Result {
        clinux_mutex_lock(mutex)
        defer { clinux_mutex_unlock(mutex) }
        return body()
    }
}
