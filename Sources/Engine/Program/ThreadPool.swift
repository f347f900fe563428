import CLinux
import Threading

/// Threads that run the same steps together, each its part of every step, and meet where the schedule says so.
///
/// The caller of `run()` is the first of them; the others wait for the next frame, a short while spinning and then
/// asleep. One fork per frame: on small layers, starting threads costs more than the precision.
final class ThreadPool {
    /// Between two steps the next one is near: about 100 microseconds.
    private static var spinsBetweenSteps: UInt32 { 4000 }
    /// Between two frames the processor is better left to others.
    private static var spinsBetweenFrames: UInt32 { 400 }
    private static var stackByteCount: Int { 256 << 10 }

    private let schedule: Schedule
    private let size: Int
    private let barrier: UnsafeMutablePointer<clinux_barrier>
    private var threads: [Thread] = []
    /// Written before the barrier at which the other threads wait for a frame, read after it.
    private var isStopping = false

    /// Starts `size - 1` threads. All meet after the last step.
    init(_ schedule: Schedule, size: Int) throws(EngineError) {
        self.schedule = schedule
        self.size = size
        barrier = .allocate(capacity: 1)
        barrier.initialize(to: clinux_barrier(parties: UInt32(size), arrived: 0, generation: 0, sleepers: 0))
        threads.reserveCapacity(size - 1)
        // The pool outlives its threads: `deinit` joins them.
        nonisolated(unsafe) let pool = Unmanaged.passUnretained(self)
        for part in 1..<size {
            do throws(SystemError) {
                let thread = try Thread("engine", stackByteCount: Self.stackByteCount) {
                    pool._withUnsafeGuaranteedRef { $0.work(part: part) }
                }
                threads.append(thread)
            } catch {
                clinux_barrier_set_parties(barrier, UInt32(part))
                throw .cannotStartThreads(size - 1, errno: error.code)
            }
        }
    }

    deinit {
        isStopping = true
        clinux_barrier_wait(barrier, 0)
        for thread in threads { thread.join() }
        barrier.deallocate()
    }

    /// Runs all steps once; returns when every thread has done its part of the last one.
    func run() {
        clinux_barrier_wait(barrier, 0)
        runSteps(part: 0)
    }

    private func work(part: Int) {
        while true {
            clinux_barrier_wait(barrier, Self.spinsBetweenFrames)
            if isStopping { return }
            runSteps(part: part)
        }
    }

    private func runSteps(part: Int) {
        for index in 0..<schedule.count {
            schedule.run(index, part: part, of: size)
            if schedule.hasBarrier(after: index) { clinux_barrier_wait(barrier, Self.spinsBetweenSteps) }
        }
    }
}
