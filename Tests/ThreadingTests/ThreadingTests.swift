import CLinux
import Glibc
import Testing

@testable import Threading

@Suite struct ThreadingTests {
    @Test func aMailboxHandsOverTheLatest() throws {
        final class Counted: Sendable {
            let number: Int
            init(_ number: Int) { self.number = number }
        }
        let mailbox = Mailbox<Counted>()
        #expect(mailbox.take() == nil)
        weak var replaced: Counted?
        do {
            let first = Counted(1)
            replaced = first
            mailbox.put(first)
        }
        #expect(replaced != nil)
        mailbox.put(Counted(2))
        #expect(replaced == nil && mailbox.take()?.number == 2 && mailbox.take() == nil)
        // Whatever two threads do, numbers never go back.
        let sender = try Thread("sender", stackByteCount: 128 << 10) {
            for number in 0..<100_000 { mailbox.put(Counted(number)) }
        }
        var last = -1
        while last < 99_999 {
            guard let number = mailbox.take()?.number else { continue }
            #expect(number > last)
            last = number
        }
        sender.join()
    }

    @Test func aThreadRunsWhatItIsGivenAndLetsGoOfIt() throws {
        final class Held: Sendable {}
        weak var held: Held?
        let lock = try Lock()
        nonisolated(unsafe) var count = 0
        var threads: [Thread] = []
        for _ in 0..<4 {
            let object = Held()
            held = object
            threads.append(
                try Thread("counter", stackByteCount: 128 << 10) {
                    withExtendedLifetime(object) { for _ in 0..<10_000 { lock.locked { count += 1 } } }
                })
        }
        for thread in threads { thread.join() }
        #expect(count == 40_000 && held == nil)
    }

    /// Excessive requests are told what could not be had, and why.
    @Test func aThreadThatCannotStart() {
        #expect(throws: SystemError(.thread, EINVAL)) { try Thread("small", stackByteCount: 1) {} }
    }

    @Test func anEventIsReadableFromItsSignalToItsClear() throws {
        let event = try Event()
        func isReadable() -> Bool {
            var isReadable = false, unused = false
            _ = clinux_wait_readable(event.descriptor, -1, 0, &isReadable, &unused)
            return isReadable
        }
        #expect(!isReadable())
        event.signal()
        event.signal()
        #expect(isReadable())
        event.clear()
        #expect(!isReadable())
    }
}
