import CLinux
import Files
import Foundation
import Testing

@Suite struct OutputFileTests {
    private let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    /// Writes `text` in two parts; without `commits` it gives up before the end.
    private func put(
        _ text: String, at name: String, inputs: InputFiles = InputFiles(), kinds: OutputFile.Kinds = .regular,
        commits: Bool = true
    ) throws(OutputError) {
        var file = try OutputFile(path: directory.path(name), inputs: inputs, kinds: kinds)
        for part in [text.prefix(2), text.dropFirst(2)] {
            try Array(part.utf8).withUnsafeBufferPointer { bytes throws(OutputError) in
                try file.write(UnsafeRawBufferPointer(bytes))
            }
        }
        if commits { try file.commit() }
    }

    private func inputs(_ names: String...) -> InputFiles {
        var inputs = InputFiles()
        for name in names { inputs.insert(directory.path(name)) }
        return inputs
    }

    @Test func replacesOnlyWhenComplete() throws {
        try put("first", at: "file")
        try put("second", at: "file", commits: false)
        #expect(try directory.text("file") == "first")
        var file = try OutputFile(path: directory.path("file"), inputs: InputFiles())
        #expect(try directory.text("file") == "first")
        try file.commit()
        #expect(try directory.text("file") == "")
        #expect(try directory.names() == ["file"])
    }

    @Test func hasTheModeThatTheMaskLeaves() throws {
        try put("text", at: "file")
        let mask = umask(0)
        umask(mask)
        var status = stat()
        #expect(stat(directory.path("file"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o666 & ~mask)
    }

    /// Who could not read what is replaced cannot read what replaces it, behind a link either.
    @Test(arguments: [mode_t(0o600), 0o640, 0o755]) func keepsTheModeOfWhatItReplaces(mode: mode_t) throws {
        try put("old", at: "file")
        #expect(chmod(directory.path("file"), mode) == 0 && symlink("file", directory.path("link")) == 0)
        try put("new", at: "link")
        var status = stat()
        #expect(lstat(directory.path("file"), &status) == 0)
        #expect(status.st_mode & 0o7777 == mode)
        #expect(try directory.text("file") == "new")
    }

    /// Root may write to everything.
    @Test(.enabled(if: getuid() != 0)) func writesToNothingThatIsProtected() throws {
        try put("old", at: "file")
        #expect(chmod(directory.path("file"), 0o444) == 0)
        #expect(throws: OutputError.system(EACCES)) { try put("new", at: "file") }
        #expect(try directory.text("file") == "old")
    }

    @Test(.enabled(if: getuid() == 0)) func keepsTheOwnerOfWhatItReplaces() throws {
        try put("old", at: "file")
        #expect(chown(directory.path("file"), 1234, 2345) == 0)
        try put("new", at: "file")
        var status = stat()
        #expect(lstat(directory.path("file"), &status) == 0 && status.st_uid == 1234 && status.st_gid == 2345)
    }

    /// A directory takes the place of the file before it is complete.
    @Test func failedRenameLeavesNothing() throws {
        var file = try OutputFile(path: directory.path("file"), inputs: InputFiles())
        try FileManager.default.createDirectory(atPath: directory.path("file"), withIntermediateDirectories: true)
        do throws(OutputError) {
            try file.commit()
            Issue.record("a directory was replaced")
        } catch {
            #expect(error == .system(EISDIR))
        }
        #expect(try directory.names() == ["file"])
    }

    @Test func linksAreFollowedToTheFile() throws {
        try put("old", at: "real")
        try FileManager.default.createDirectory(atPath: directory.path("inner"), withIntermediateDirectories: true)
        #expect(symlink("real", directory.path("link")) == 0)
        #expect(symlink("../link", directory.path("inner/far")) == 0)
        try put("new", at: "inner/far")
        #expect(try directory.text("real") == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory.path("link")) == "real")
        // As a shell's redirection does.
        #expect(symlink("fresh", directory.path("dangling")) == 0)
        try put("new", at: "dangling")
        #expect(try directory.text("fresh") == "new")
        #expect(symlink("loop", directory.path("loop")) == 0)
        #expect(throws: OutputError.system(ELOOP)) { try put("new", at: "loop") }
        #expect(try directory.names() == ["dangling", "fresh", "inner", "link", "loop", "real"])
    }

    @Test func whatIsNoFileStays() throws {
        #expect(mkfifo(directory.path("fifo"), 0o600) == 0)
        #expect(symlink("/dev/null", directory.path("null")) == 0)
        try FileManager.default.createDirectory(atPath: directory.path("inner"), withIntermediateDirectories: true)
        for name in ["fifo", "null"] {
            #expect(throws: OutputError.notRegularFile) { try put("text", at: name) }
        }
        try put("text", at: "null", kinds: .any)
        // Without a reader it must not be waited for.
        #expect(throws: OutputError.system(ENXIO)) { try put("text", at: "fifo", kinds: .any) }
        #expect(throws: OutputError.system(EISDIR)) { try put("text", at: "inner") }
        #expect(throws: OutputError.system(ENOENT)) { try put("text", at: "missing/file") }
        #expect(throws: OutputError.system(ENOTDIR)) { try put("text", at: "fifo/file") }
        #expect(try directory.names() == ["fifo", "inner", "null"])
    }

    @Test func pipesTakeTheBytes() throws {
        #expect(mkfifo(directory.path("fifo"), 0o600) == 0)
        let reader = open(directory.path("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        try put("text", at: "fifo", kinds: .any)
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, bytes.count) == 4)
        #expect(bytes.starts(with: Array("text".utf8)))
    }

    /// Every spelling of an input's name is rejected, and every name of the same file.
    @Test func inputsAreNeverReplaced() throws {
        try directory.write("precious", to: "input")
        try FileManager.default.createDirectory(atPath: directory.path("inner"), withIntermediateDirectories: true)
        #expect(symlink("input", directory.path("symbolic")) == 0)
        #expect(symlink("symbolic", directory.path("second")) == 0)
        #expect(link(directory.path("input"), directory.path("hard")) == 0)
        #expect(symlink("..", directory.path("inner/up")) == 0)
        for name in ["input", "./input", "inner/../input", "symbolic", "second", "hard", "inner/up/input"] {
            for known in ["input", "hard", "second"] {
                #expect(throws: OutputError.isInput) { try put("gone", at: name, inputs: inputs(known)) }
            }
        }
        #expect(throws: OutputError.isInput) { try put("gone", at: "inner", inputs: inputs("inner")) }
        try put("new", at: "other", inputs: inputs("input", "nothing"))
        #expect(try directory.text("input") == "precious")
        #expect(try directory.names() == ["hard", "inner", "input", "other", "second", "symbolic"])
    }

    /// Under a limit on the size of files a write fails as on a full disk: by an error, in a process that continues.
    @Test func aLimitOnSizesIsAnError() async throws {
        try put("old", at: "file")
        let path = directory.path("file")
        // In a process of its own: the limit holds for all threads.
        await #expect(processExitsWith: .success) { [path = path as String] in
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
            do throws(OutputError) {
                var file = try OutputFile(path: path, inputs: InputFiles())
                try [UInt8](repeating: 1, count: 10_000).withUnsafeBufferPointer { bytes throws(OutputError) in
                    try file.write(UnsafeRawBufferPointer(bytes))
                }
                exit(3)
            } catch {
                exit(error == .system(EFBIG) ? 0 : 4)
            }
        }
        #expect(try directory.text("file") == "old")
        #expect(try directory.names() == ["file"])
    }

    @Test func replacementAtAFixedNameIsTheSame() throws {
        let text = Array("text".utf8)
        #expect(clinux_replace_file(directory.path("file"), text, text.count, 0o604) == 0)
        #expect(try directory.text("file") == "text")
        var status = stat()
        #expect(stat(directory.path("file"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o604)
        #expect(mkfifo(directory.path("fifo"), 0o600) == 0)
        #expect(clinux_replace_file(directory.path("fifo"), text, text.count, 0o604) == ENODEV)
        #expect(clinux_replace_file(directory.path, text, text.count, 0o604) == EISDIR)
        #expect(clinux_replace_file(directory.path("missing/file"), text, text.count, 0o604) == ENOENT)
        #expect(try directory.names() == ["fifo", "file"])
    }
}
