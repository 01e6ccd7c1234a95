"""The article's apps, one module a step: each runs as it stands, `uvicorn bgdemo.lessons.add_task:app`.

What they write goes to `folder()`: the one chosen with `use_folder(path)`, or the one that the environment
variable BGDEMO_FOLDER names, or else a temporary one.
"""

from bgdemo.lessons._folder import folder, temporary_folder, use_folder

__all__ = ["folder", "temporary_folder", "use_folder"]
