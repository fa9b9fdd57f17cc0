/// What is wanted of a file that holds more than one picture, more grays than a screen shows, or a picture lying down.
package struct ImageDecodingOptions: Hashable, Sendable {
    /// Which grays are told apart, as DICOM defines it (PS3.3 C.11.2.1.2, linear).
    package struct Window: Hashable, Sendable {
        /// The value in the middle, in rescaled units such as Hounsfield units.
        package var center: Double
        /// How many values lie between black and white; above 0.
        package var width: Double

        /// A window around a value.
        package init(center: Double, width: Double) {
            self.center = center
            self.width = width
        }
    }

    /// A part of a picture, in pixels from its upper left corner; of a slide, in pixels of its finest level.
    package struct Region: Hashable, Sendable {
        /// Columns to the left of it.
        package var x: Int
        /// Rows above it.
        package var y: Int
        /// Columns, at least 1.
        package var width: Int
        /// Rows, at least 1.
        package var height: Int

        /// A part of a picture.
        package init(x: Int, y: Int, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// The frame of a DICOM object, counted from 1 as DICOM does.
    package var frame: Int
    /// The window for gray of more than 8 bits; nil for the file's own.
    package var window: Window?
    /// The part that is wanted; nil for the whole picture, of a large slide a level that holds all of it.
    package var region: Region?
    /// Whether a picture is turned as its Exif data say, which the models' training did not do.
    package var applyOrientation: Bool

    /// The first frame, whole, by its own window, turned upright, unless said otherwise.
    package init(frame: Int = 1, window: Window? = nil, region: Region? = nil, applyOrientation: Bool = true) {
        self.frame = frame
        self.window = window
        self.region = region
        self.applyOrientation = applyOrientation
    }
}
