import Foundation
import Testing

@testable import Camera

@Suite struct ImageTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func source(_ path: String, repeats: Bool = false) throws -> FileSource {
        try FileSource(path: path, repeats: repeats, interrupt: -1)
    }

    @Test func directoryGivesItsJPEGsInByteOrder() throws {
        // Not even JPEGs: whole files are the decoder's business.
        for name in ["b.jpg", "B.JPG", "10.jpeg", "9.Jpeg", "é.jpg", "c.jfif", "d.JPE"] {
            try directory.write(name, Array(name.utf8))
        }
        for name in ["a.png", ".hidden.jpg", "jpg", "x.jpg.part"] { try directory.write(name, [1]) }
        let source = try source(directory.path)
        #expect(source.kind == .directory)
        let names = ["10.jpeg", "9.Jpeg", "B.JPG", "b.jpg", "c.jfif", "d.JPE", "é.jpg"]
        let expected = names.enumerated().map { Seen.frame(Array($1.utf8), name: $1, sequence: UInt64($0)) }
        #expect(try source.all() == expected)
    }

    @Test func unreadableFilesAreLeftOut() throws {
        for name in ["1.jpg", "2.jpg", "5.jpg"] { try directory.write(name, [1, 2, 3]) }
        try directory.write("3.jpg", [])
        try FileManager.default.createDirectory(atPath: directory.path + "/4.jpg", withIntermediateDirectories: true)
        let source = try FileSource(path: directory.path, repeats: false, interrupt: -1, imageLimit: 3, chunk: 8)
        try FileManager.default.removeItem(atPath: directory.path + "/2.jpg")
        try directory.write("5.jpg", [1, 2, 3, 4])
        #expect(
            try source.all() == [
                .frame([1, 2, 3], name: "1.jpg", sequence: 0), .bad(.unreadable(ENOENT), name: "2.jpg"),
                .bad(.empty, name: "3.jpg"), .bad(.unreadable(ENOTSUP), name: "4.jpg"),
                .bad(.tooLarge(limit: 3), name: "5.jpg"),
            ])
    }

    @Test func oneImageIsReadAgainInEveryPass() throws {
        let path = try directory.write("only.jpg", [1])
        let source = try source(path, repeats: true)
        #expect(source.kind == .image)
        #expect(Seen(try source.next()) == .frame([1], name: "only.jpg", sequence: 0))
        #expect(Seen(try source.next()) == .passEnded)
        try directory.write("only.jpg", [2, 3])
        #expect(Seen(try source.next()) == .frame([2, 3], name: "only.jpg", sequence: 1))
    }

    @Test func impossibleSourcesAreRejected() throws {
        #expect(throws: CameraError.emptyDirectory(.unknown)) { try source(directory.path) }
        #expect(throws: CameraError.cannotOpen(ENOENT)) { try source(directory.path + "/none") }
        #expect(throws: CameraError.cannotRepeatStream) { try source("-", repeats: true) }
    }

    @Test func tooManyImagesAreRejected() throws {
        for name in 0..<4 { try directory.write("\(name).jpg", [1]) }
        let descriptor = open(directory.path, O_RDONLY)
        #expect(throws: CameraError.tooManyImages(limit: 3)) { try ImageList(directory: descriptor, limit: 3) }
    }

    @Test func descriptorsGoWithTheSource() throws {
        try directory.write("1.jpg", [1])
        let sequence = try directory.write("2.mjpeg", [1])
        let path = directory.path
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0) }
                .count { $0.hasPrefix(path) }
        }
        let held = [try source(path), try source(sequence)]
        #expect(try open() == 2)
        for _ in 0..<20 {
            _ = try source(path).all()
            _ = try? source(sequence).all()
        }
        #expect(try open() == 2)
        withExtendedLifetime(held) {}
    }
}
