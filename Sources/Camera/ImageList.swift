/// The file names of a source's images, read once. A directory gives its *.jpg, *.jpeg, *.jpe and *.jfif files (any case,
/// hidden ones skipped, subdirectories not entered) in the byte order of their names.
final class ImageList {
    /// Descriptor of the directory that the paths are relative to.
    let directory: Int32
    /// Of an image or video that is no JPEG by its name, where there is one.
    let otherKind: FileKind
    /// Every path with its terminating null.
    private let characters: UnsafeMutableBufferPointer<CChar>
    private let offsets: [Int]

    var count: Int { offsets.count }

    /// One image. `path` is relative to the working directory.
    init(path: UnsafePointer<CChar>) {
        directory = clinux_working_directory
        otherKind = .unknown
        offsets = [0]
        characters = Self.copy(UnsafeBufferPointer(start: path, count: clinux_string_length(path) + 1))
    }

    /// Takes over the directory's descriptor.
    init(directory: Int32, limit: Int) throws(CameraError) {
        var names: [CChar] = []
        var starts: [Int] = []
        var other = FileKind.unknown
        do throws(CameraError) {
            try Self.list(directory, limit: limit, into: &names, starts: &starts, other: &other)
        } catch {
            _ = clinux_close(directory)
            throw error
        }
        let characters = names.withUnsafeBufferPointer { Self.copy($0) }
        if let base = characters.baseAddress {
            starts.sort { Self.precedes(base + $0, base + $1) }
        }
        self.directory = directory
        otherKind = other
        self.characters = characters
        offsets = starts
    }

    deinit {
        characters.deallocate()
        if directory >= 0 { _ = clinux_close(directory) }
    }

    subscript(index: Int) -> UnsafePointer<CChar> { UnsafePointer(characters.baseAddress! + offsets[index]) }

    /// The last component of a path.
    func name(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let path = self[index]
        let length = clinux_string_length(path)
        var start = length
        while start > 0, path[start - 1] != slash { start -= 1 }
        let bytes = UnsafeRawPointer(path + start).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: bytes, count: length - start)
    }

    private static func list(
        _ directory: Int32, limit: Int, into names: inout [CChar], starts: inout [Int], other: inout FileKind
    ) throws(CameraError) {
        var listing: UnsafeMutableRawPointer?
        let error = clinux_directory_open(directory, &listing)
        guard error == 0, let listing else { throw .cannotOpen(error) }
        defer { clinux_directory_close(listing) }
        while true {
            var name: UnsafePointer<CChar>?
            let error = clinux_directory_next(listing, &name)
            guard error == 0 else { throw .cannotRead(error) }
            guard let name else { return }
            guard name[0] != dot else { continue }
            let kind = FileKind(name: name)
            guard kind == .jpeg else {
                if kind != .unknown { other = kind }
                continue
            }
            guard starts.count < limit else { throw .tooManyImages(limit: limit) }
            starts.append(names.count)
            names.append(contentsOf: UnsafeBufferPointer(start: name, count: clinux_string_length(name) + 1))
        }
    }

    private static func copy(_ source: UnsafeBufferPointer<CChar>) -> UnsafeMutableBufferPointer<CChar> {
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: source.count)
        _ = copy.initialize(fromContentsOf: source)
        return copy
    }

    private static func precedes(_ left: UnsafePointer<CChar>, _ right: UnsafePointer<CChar>) -> Bool {
        var index = 0
        while left[index] == right[index], left[index] != 0 { index += 1 }
        return UInt8(bitPattern: left[index]) < UInt8(bitPattern: right[index])
    }
}

private let slash = CChar(bitPattern: UInt8(ascii: "/"))
private let dot = CChar(bitPattern: UInt8(ascii: "."))
