/// Standard output. A result that cannot be written, to a full disk or a reader that has gone, ends the process: what
/// is missing must not look like what was not found.
public struct Output {
    let log: Log

    /// Says in `log` what cannot be written.
    public init(log: Log) { self.log = log }

    /// Writes UTF-8.
    public func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes bytes as they are.
    public func write(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        let error = clinux_write_all(1, start, bytes.count)
        // A reader that has what it wanted, such as head, is no failure to tell of.
        if error == clinux_EPIPE { ExitCode.ioError.exit() }
        guard error == 0 else { fail(errorText(error)) }
    }

    /// The line of JSON that `json` contains.
    public func write(_ json: inout JSONWriter) {
        do throws(StreamError) {
            write(try json.line())
        } catch {
            fail("the line is longer than planned")
        }
    }

    /// A row of a summary.
    public func row(_ title: String, _ value: String) { write(padded(title, to: 10) + printable(value) + "\n") }

    private func fail(_ reason: String) -> Never {
        log.error("the results cannot be written: \(reason)")
        ExitCode.ioError.exit()
    }
}
