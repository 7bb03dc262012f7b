# The pages as Doxygen is to see them: what is in the repository and not in the manual is named and no link.
s/\[(`?[^]`]*`?)\]\(\.\.\/(\.\.\/)?(examples|include|bindings|src|scripts|bench)[^)]*\)/\1/g
