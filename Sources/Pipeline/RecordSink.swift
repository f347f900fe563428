/// Writes the stream's lines to a file. A disk may be slow or full: a thread of its own writes, and lines for which there
/// is no room are missing, which the log says.
public final class RecordSink: FrameSink {
    private let recorder: Recorder
    private let thread: Thread

    /// Starts the thread. The hello line comes first at each start, and in each file; `name` is the file's, for the log.
    public init(_ file: consuming RecordFile, hello: [UInt8], name: String, _ log: Log) throws(SystemError) {
        let recorder = try Recorder(file, hello, name, log)
        self.recorder = recorder
        thread = try Thread("record", stackByteCount: 256 << 10) { recorder.run() }
        super.init()
    }

    public override func accept(_ result: FrameResult) { recorder.add(result.line.line) }
    public override func accept(state line: UnsafeRawBufferPointer) { recorder.add(line) }
    public override func accept(end line: UnsafeRawBufferPointer) { recorder.add(line) }

    /// Writes what is left. Once.
    public override func close() {
        recorder.end()
        thread.join()
    }
}

/// What the threads share. `@unchecked Sendable`: `lock` guards what both touch, the rest belongs to the writing one.
private final class Recorder: @unchecked Sendable {
    /// Bytes of lines that wait for the disk; as many are being written.
    private static var room: Int { 256 << 10 }

    private let lock: Lock
    private let wake: Event
    private var waiting = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
    private var count = 0
    private var lineCount: UInt64 = 0
    private var hasEnded = false
    /// Lines that are missing since the log said so last.
    private var missing: UInt64 = 0

    private var file: RecordFile
    private var writing = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
    private let hello: [UInt8]
    private let name: String
    private let log: Log
    private var error: OutputError?

    init(_ file: consuming RecordFile, _ hello: [UInt8], _ name: String, _ log: Log) throws(SystemError) {
        lock = try Lock()
        wake = try Event()
        self.file = file
        self.hello = hello
        self.name = name
        self.log = log
    }

    deinit {
        waiting.deallocate()
        writing.deallocate()
    }

    func add(_ line: UnsafeRawBufferPointer) {
        lock.locked {
            guard count + line.count <= waiting.count else {
                missing += 1
                return
            }
            UnsafeMutableRawBufferPointer(rebasing: waiting[count...]).copyMemory(from: line)
            count += line.count
            lineCount += 1
        }
        wake.signal()
    }

    func end() {
        lock.locked { hasEnded = true }
        wake.signal()
    }

    func run() {
        var isLast = false
        while !isLast {
            var isReady = false, unused = false
            _ = clinux_wait_readable(wake.descriptor, -1, -1, &isReady, &unused)
            wake.clear()
            var taken = 0, lines: UInt64 = 0
            lock.locked {
                (waiting, writing) = (writing, waiting)
                (taken, lines, count, lineCount) = (count, lineCount, 0, 0)
                isLast = hasEnded
            }
            write(UnsafeRawBufferPointer(rebasing: writing[..<taken]), lines)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ lines: UInt64) {
        do throws(OutputError) {
            try file.write(bytes, head: hello)
            var gone: UInt64 = 0
            lock.locked { (gone, missing) = (missing, 0) }
            if gone > 0 { log.warning("\(name): \(gone) \(gone == 1 ? "line is" : "lines are") missing") }
            error = nil
        } catch {
            lock.locked { missing += lines }
            if error != self.error { log.warning("\(name): \(error.message); lines are dropped until it can be written") }
            self.error = error
        }
    }
}
