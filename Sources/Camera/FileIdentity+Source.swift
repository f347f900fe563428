extension FileIdentity {
    /// Of what a file source at `path` reads: the file, or the directory and its images. Nothing is opened but directories.
    public static func read(by path: UnsafePointer<CChar>) throws(CameraError) -> [FileIdentity] {
        var status = clinux_file_status()
        let isInput = path[0] == CChar(bitPattern: UInt8(ascii: "-")) && path[1] == 0
        var error = isInput ? clinux_status(0, &status) : clinux_status_at(clinux_working_directory, path, &status)
        guard error == 0 else { throw .cannotOpen(error) }
        var found = [FileIdentity(status)]
        guard status.kind == CLINUX_FILE_DIRECTORY, !isInput else { return found }
        var directory: Int32 = -1
        error = clinux_open_read(clinux_working_directory, path, &directory)
        guard error == 0 else { throw .cannotOpen(error) }
        let images = try ImageList(directory: directory, limit: FileSource.directoryLimit)
        for index in 0..<images.count
        where clinux_status_at(images.directory, images[index], &status) == 0 {
            found.append(FileIdentity(status))
        }
        return found
    }
}
