import CLinux
import Files

extension FileIdentity {
    /// Of what a file source at `path` reads: the file, or the folder and its pictures. Nothing is opened but folders.
    public static func read(by path: UnsafePointer<CChar>) throws(CameraError) -> [FileIdentity] {
        var status = clinux_file_status()
        let isInput = path[0] == CChar(bitPattern: UInt8(ascii: "-")) && path[1] == 0
        var error = isInput ? clinux_status(0, &status) : clinux_status_at(clinux_working_folder, path, &status)
        guard error == 0 else { throw .cannotOpen(error) }
        var found = [FileIdentity(status)]
        guard status.kind == CLINUX_FILE_FOLDER, !isInput else { return found }
        var folder: Int32 = -1
        error = clinux_open_read(clinux_working_folder, path, &folder)
        guard error == 0 else { throw .cannotOpen(error) }
        let pictures = try PictureList(folder: folder, limit: FileSource.folderLimit)
        for index in 0..<pictures.count
        where clinux_status_at(pictures.folder, pictures[index], &status) == 0 {
            found.append(FileIdentity(status))
        }
        return found
    }
}
