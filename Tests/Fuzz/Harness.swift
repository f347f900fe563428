import Glibc

/// What bytes from outside are given to. One value takes all inputs of a run, as one process does: what an input leaves
/// behind meets the next.
protocol FuzzTarget {
    /// As `toolchains/fuzz` is told it; the directory of the seeds in Tests/Fuzz/corpus.
    static var name: String { get }
    /// Longer inputs are not tried, in bytes.
    static var longest: Int { get }
    /// Files and directories beside the corpus that begin the search too, from the project's root.
    static var seeds: [String] { get }

    init()
    /// Errors are answers. A trap, a sanitizer's report, thirty seconds and 1 GiB are findings; so is a `fatalError` of
    /// the target's own where a property does not hold.
    ///
    /// - Parameter bytes: a block of the heap of just this size; never nil, and 0 bytes are possible.
    mutating func run(_ bytes: UnsafeRawBufferPointer) throws
}

extension FuzzTarget {
    static var seeds: [String] { [] }
}

nonisolated(unsafe) private var target: any FuzzTarget = makeTarget()

/// Gives `body` memory whose bytes change while it reads them, as a file that is mapped and rewritten does: between the
/// first half of `bytes` and the second, by another thread, until `body` returns.
func withChangingBytes(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    final class Shared {
        let memory: UnsafeMutableRawBufferPointer
        let halves: [UnsafeRawBufferPointer]
        /// Of one byte, so that it is read and written whole; a late reader goes round once more.
        let isOver = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

        init(_ bytes: UnsafeRawBufferPointer) {
            let count = bytes.count / 2
            memory = .allocate(byteCount: count, alignment: 16)
            halves = [.init(rebasing: bytes[..<count]), .init(rebasing: bytes[count..<count * 2])]
            memory.copyMemory(from: halves[0])
            isOver.initialize(to: 0)
        }
    }
    let shared = Shared(bytes)
    var thread = pthread_t()
    let error = pthread_create(
        &thread, nil,
        { argument in
            let shared = Unmanaged<Shared>.fromOpaque(argument!).takeUnretainedValue()
            var turn = 1
            repeat {
                shared.memory.copyMemory(from: shared.halves[turn & 1])
                turn += 1
                sched_yield()
            } while shared.isOver.pointee == 0
            return nil
        }, Unmanaged.passUnretained(shared).toOpaque())
    guard error == 0 else { fatalError("no thread: \(error)") }
    defer {
        shared.isOver.pointee = 1
        pthread_join(thread, nil)
        shared.memory.deallocate()
        shared.isOver.deallocate()
    }
    try body(UnsafeRawBufferPointer(shared.memory))
}

/// The one that the environment names; without a name this lists them for toolchains/fuzz and ends.
private func makeTarget() -> any FuzzTarget {
    let name = getenv("SWIFTLET_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    for type in allTargets where type.name == name { return type.init() }
    if name.isEmpty {
        for type in allTargets {
            print(([type.name, String(type.longest)] + type.seeds).joined(separator: " "))
        }
        exit(0)
    }
    print("fuzz: no target \(name)")
    exit(64)
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    _ = target
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    try? target.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
