import Dispatch
import Synchronization

/// Runs `body` once for each worker, all at the same time. `next` deals out the numbers from 0 to before `count`, each to one
/// of them, and then nil.
public func deal(_ count: Int, to workers: Int, _ body: @Sendable (_ worker: Int, _ next: () -> Int?) -> Void) {
    let dealt = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
        body(worker) {
            let index = dealt.add(1, ordering: .relaxed).oldValue
            return index < count ? index : nil
        }
    }
}
